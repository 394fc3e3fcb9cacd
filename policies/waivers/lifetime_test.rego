package keyproof.waivers.lifetime_test

import data.keyproof.waivers.lifetime

check(days) := d if {
	subject := {"id": "w", "missing_fields": [], "lifetime_days": days, "policy": "keys.max_age"}
	d := lifetime.decisions.w with input as {"as_of_ns": 0, "params": {"max_days": 90}, "subjects": [subject]}
}

test_the_limit_itself_passes if check(90) == {"status": "pass", "evidence": {"policy": "keys.max_age", "lifetime_days": 90, "limit_days": 90}}

test_a_day_more_fails if check(91).status == "fail"

test_not_known_is_unknown if check(null).status == "unknown"
