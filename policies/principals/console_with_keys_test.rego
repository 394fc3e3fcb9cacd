package keyproof.principals.console_with_keys_test

import data.keyproof.principals.console_with_keys

blank := {
	"id": "p1", "missing_fields": [], "principal_type": "user", "active": true,
	"console_access": true, "keys": [], "keys_complete": true,
}

check(principal) := d if {
	subject := object.union(blank, principal)
	d := console_with_keys.decisions.p1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_no_key_passes if check({}) == {"status": "pass", "evidence": {"active_keys": 0}}

test_a_key_fails if check({"keys": [{"status": "active"}]}) == {"status": "fail", "evidence": {"active_keys": 1}}

test_a_key_that_is_off_passes if check({"keys": [{"status": "deactivated"}]}).status == "pass"

test_what_is_not_known_is_unknown if {
	every change in [
		{"principal_type": null}, {"console_access": null}, {"keys": null},
		{"keys_complete": false}, {"keys": [{"status": null}]},
	] {
		check(change).status == "unknown"
	}
}

test_others_are_skipped if {
	every change in [{"principal_type": "app"}, {"active": false}, {"console_access": false}] {
		check(change).status == "skip"
	}
}
