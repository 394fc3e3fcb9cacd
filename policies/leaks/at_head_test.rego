package keyproof.leaks.at_head_test

import data.keyproof.leaks.at_head

blank := {
	"id": "l1", "missing_fields": [], "confidence": "medium",
	"occurrences_total": 2, "occurrences_suppressed": 0, "occurrences_in_head": 0,
}

check(leak) := d if {
	subject := object.union(blank, leak)
	d := at_head.decisions.l1 with input as {"as_of_ns": 0, "params": {"minimum_confidence": "medium"}, "subjects": [subject]}
}

test_history_only_passes if check({}) == {"status": "pass", "evidence": {"in_head": 0}}

test_todays_code_fails if check({"occurrences_in_head": 1}) == {"status": "fail", "evidence": {"in_head": 1}}

test_one_accepted_place_of_two_is_not_enough if {
	check({"occurrences_in_head": 2, "occurrences_suppressed": 1}).status == "fail"
}

test_every_place_accepted_is_skipped if check({"occurrences_in_head": 2, "occurrences_suppressed": 2}).status == "skip"

test_a_guess_is_skipped if check({"confidence": "low", "occurrences_in_head": 1}).status == "skip"

test_what_is_not_known_is_unknown if {
	every change in [
		{"confidence": null},
		{"occurrences_in_head": null},
		{"occurrences_in_head": null, "occurrences_total": null, "occurrences_suppressed": null},
	] {
		check(change).status == "unknown"
	}
}
