package keyproof.principals.mixed_environments_test

import data.keyproof.principals.mixed_environments

check(keys, complete) := d if {
	subject := {"id": "p1", "missing_fields": [], "keys": keys, "keys_complete": complete}
	d := mixed_environments.decisions.p1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

key(environment) := {"status": "active", "environment": environment}

test_one_passes if check([key("a"), key("a")], true) == {"status": "pass", "evidence": {"environments": ["a"]}}

test_two_fail if check([key("b"), key("a")], false) == {"status": "fail", "evidence": {"environments": ["a", "b"]}}

test_what_is_not_known_is_unknown if {
	check(null, true).status == "unknown"
	check([key("a")], false).status == "unknown"
	check([key("a"), key(null)], true).status == "unknown"
	check([key("")], true).status == "unknown"
	check([{"status": null, "environment": "a"}], true).status == "unknown"
}

test_off_does_not_count if check([key("a"), {"status": "expired", "environment": "b"}], true).status == "pass"

test_without_keys_is_skipped if check([], true).status == "skip"
