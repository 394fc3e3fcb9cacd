package keyproof.leaks.acceptance_test

import data.keyproof.leaks.acceptance

check(occurrences, endless) := d if {
	subject := {"id": "l1", "missing_fields": [], "occurrences": occurrences}
	d := acceptance.decisions.l1 with input as {"as_of_ns": 0, "params": {"endless": endless}, "subjects": [subject]}
}

accepted(kind, reason, end) := {"suppression_kind": kind, "suppression_reason": reason, "suppression_expires_on": end}

test_a_reason_and_an_end_pass if {
	d := check([accepted("baseline", "why", "2027-01-01")], [])
	d == {"status": "pass", "evidence": {"accepted_places": 1, "without_reason": 0, "without_end": 0}}
}

test_no_reason_fails if check([accepted("inline", "", null)], ["inline"]).evidence.without_reason == 1

test_no_end_fails if check([accepted("baseline", "why", null)], ["inline"]).status == "fail"

test_comments_need_an_end_where_that_is_asked if {
	check([accepted("inline", "why", null)], []).status == "fail"
	check([accepted("inline", "why", null)], ["inline"]).status == "pass"
}

test_nothing_accepted_is_skipped if check([accepted(null, null, null)], []).status == "skip"

test_unread_is_unknown if {
	check(null, []).status == "unknown"
	d := acceptance.decisions.l1 with input as {"as_of_ns": 0, "params": {"endless": []}, "subjects": [{"id": "l1", "missing_fields": ["occurrences"], "occurrences": []}]}
	d.status == "unknown"
}
