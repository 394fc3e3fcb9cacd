package keyproof.leaks.secret_in_history_test

import data.keyproof.leaks.secret_in_history

blank := {
	"id": "l1", "missing_fields": [], "confidence": "high",
	"occurrences_total": 2, "occurrences_suppressed": 0, "occurrences_in_head": 1,
}

check(leak, least) := d if {
	subject := object.union(blank, leak)
	d := secret_in_history.decisions.l1 with input as {"as_of_ns": 0, "params": {"minimum_confidence": least}, "subjects": [subject]}
}

test_a_leak_fails if {
	d := check({}, "low")
	d == {"status": "fail", "evidence": {"occurrences": 2, "unsuppressed": 2, "suppressed": false, "in_head": "yes"}}
}

test_one_accepted_place_leaves_the_other if check({"occurrences_suppressed": 1}, "low").evidence.suppressed == false

test_all_places_accepted_still_fail_and_say_so if {
	d := check({"occurrences_suppressed": 2}, "low")
	d.status == "fail"
	d.evidence.suppressed == true
}

test_history_only if check({"occurrences_in_head": 0}, "low").evidence.in_head == "no"

test_an_unknown_head_is_said if check({"occurrences_in_head": null}, "low").evidence.in_head == "not known"

test_less_sure_than_the_minimum_is_skipped if {
	check({"confidence": "low"}, "medium").status == "skip"
	check({"confidence": "medium"}, "high").status == "skip"
	check({"confidence": "medium"}, "medium").status == "fail"
}

test_an_unknown_confidence_is_unknown if check({"confidence": null}, "low").status == "unknown"

test_unread_places_are_unknown if check({"occurrences_total": null}, "low").status == "unknown"

test_an_unknown_minimum_gives_no_decision if {
	secret_in_history.decisions == {} with input as {"as_of_ns": 0, "params": {"minimum_confidence": "some"}, "subjects": [blank]}
}
