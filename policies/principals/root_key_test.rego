package keyproof.principals.root_key_test

import data.keyproof.principals.root_key

check(kind, keys) := d if {
	subject := {"id": "p1", "missing_fields": [], "principal_type": kind, "root_keys_active": keys}
	d := root_key.decisions.p1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_no_key_passes if check("root", 0) == {"status": "pass", "evidence": {"root_keys": 0}}

test_a_key_fails if check("root", 1).status == "fail"

test_an_unknown_number_is_unknown if check("root", null).status == "unknown"

test_an_unknown_kind_is_unknown if check(null, 1).status == "unknown"

test_users_are_skipped if check("user", 1).status == "skip"

test_text_is_no_number if {
	subject := {"id": "p1", "missing_fields": [], "principal_type": "root", "root_keys_active": "0"}
	root_key.decisions == {} with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}
