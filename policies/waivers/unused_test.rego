package keyproof.waivers.unused_test

import data.keyproof.waivers.unused

check(waiver) := d if {
	plain := {"id": "w", "missing_fields": [], "judged": true, "begun": true, "days_left": 0, "findings": 0, "policy": "keys.max_age"}
	subject := object.union(plain, waiver)
	d := unused.decisions.w with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_one_finding_passes if check({"findings": 1}) == {"status": "pass", "evidence": {"policy": "keys.max_age", "findings": 1}}

test_none_fails if check({}).status == "fail"

test_not_known_is_unknown if check({"findings": null}).status == "unknown"

test_a_part_is_skipped if check({"judged": false}).reason == "this run could not tell whether it is needed"

test_the_future_is_skipped if check({"begun": false}).reason == "it has not begun"

test_the_past_is_skipped if check({"days_left": -1}).reason == "it expired"
