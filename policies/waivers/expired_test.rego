package keyproof.waivers.expired_test

import data.keyproof.waivers.expired

check(left) := d if {
	subject := {"id": "w", "missing_fields": [], "days_left": left, "findings": 1, "policy": "keys.max_age"}
	d := expired.decisions.w with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_the_last_day_passes if check(0) == {"status": "pass", "evidence": {"policy": "keys.max_age", "expired": false, "findings": 1}}

test_the_day_after_fails if check(-1).status == "fail"

test_not_known_is_unknown if check(null).status == "unknown"
