package keyproof.principals.offboarded_test

import data.keyproof.principals.offboarded

status(active, keys, complete) := d.status if {
	subject := {"id": "p1", "missing_fields": [], "active": active, "keys": keys, "keys_complete": complete}
	d := offboarded.decisions.p1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_an_active_account_is_skipped if status(true, [{"status": "active"}], true) == "skip"

test_an_account_of_unknown_state_is_unknown if status(null, [], true) == "unknown"

test_no_active_key_passes if status(false, [{"status": "deactivated"}, {"status": "expired"}], true) == "pass"

test_every_usable_key_fails if {
	every state in ["active", "pre_active", "compromised"] {
		status(false, [{"status": state}], true) == "fail"
	}
}

test_a_part_of_the_keys_proves_no_pass if {
	status(false, [], false) == "unknown"
	status(false, [{"status": "active"}], false) == "fail"
}

test_a_key_of_unknown_state_proves_no_pass if {
	status(false, [{"status": null}], true) == "unknown"
	status(false, [{"status": null}, {"status": "active"}], true) == "fail"
}

test_unread_keys_are_unknown if status(false, null, true) == "unknown"
