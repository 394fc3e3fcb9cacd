package keyproof.keys.shared_consumers_test

import data.keyproof.keys.shared_consumers

check(status, consumers) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status, "consumers": consumers}
	d := shared_consumers.decisions.k1 with input as {"as_of_ns": 0, "params": {"max_consumers": 1}, "subjects": [subject]}
}

test_one_passes if check("active", ["a"]).status == "pass"

test_two_fail if {
	d := check("active", ["b", "a"])
	d == {"status": "fail", "evidence": {"consumers": ["a", "b"], "consumer_count": 2, "max_consumers": 1}}
}

test_the_same_twice_is_one if check("active", ["a", "a"]).status == "pass"

test_none_is_unknown if check("active", []).status == "unknown"

test_unread_is_unknown if check("active", null).status == "unknown"

test_an_unknown_status_is_unknown if check(null, ["a"]).status == "unknown"

test_off_is_skipped if check("deactivated", ["a", "b"]).status == "skip"
