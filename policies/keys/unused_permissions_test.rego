package keyproof.keys.unused_permissions_test

import data.keyproof.keys.unused_permissions

check(status, unused) := d if {
	subject := {"id": "k1", "missing_fields": [], "status": status, "unused_scopes": unused}
	d := unused_permissions.decisions.k1 with input as {"as_of_ns": 0, "params": {"tolerated": 1}, "subjects": [subject]}
}

test_at_the_limit_passes if check("active", ["a"]).status == "pass"

test_over_the_limit_fails if check("active", ["b", "a"]) == {"status": "fail", "evidence": {"unused": 2, "permissions": ["a", "b"], "limit": 1}}

test_unread_is_unknown if check("active", null).status == "unknown"

test_an_unknown_status_is_unknown if check(null, []).status == "unknown"

test_off_is_skipped if check("suspended", ["a", "b"]).status == "skip"
