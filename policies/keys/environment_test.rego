package keyproof.keys.environment_test

import data.keyproof.keys.environment

check(key) := d if {
	subject := object.union({"id": "k1", "missing_fields": [], "status": "active", "environment": null}, key)
	d := environment.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_a_name_passes if check({"environment": "test"}) == {"status": "pass", "evidence": {"environment": "test"}}

test_none_fails if check({}) == {"status": "fail", "evidence": {"environment": "none"}}

test_an_empty_name_fails if check({"environment": ""}).status == "fail"

test_unread_is_unknown if check({"missing_fields": ["environment"]}).status == "unknown"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_off_is_skipped if check({"status": "deactivated"}).status == "skip"
