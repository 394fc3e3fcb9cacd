package keyproof.keys.own_read_only_test

import data.keyproof.keys.own_read_only

check(key) := d if {
	plain := {"id": "k1", "missing_fields": [], "status": "active", "used_by_keyproof": true, "privilege_level": "read", "can_trade": null, "can_withdraw": null}
	subject := object.union(plain, key)
	d := own_read_only.decisions.k1 with input as {"as_of_ns": 0, "params": {}, "subjects": [subject]}
}

test_reading_passes if check({}) == {"status": "pass", "evidence": {"powers": ["read"]}}

test_more_fails if check({"privilege_level": "admin", "can_trade": true, "can_withdraw": true}).evidence.powers == ["admin", "trade", "withdraw"]

test_a_reader_that_withdraws_fails if check({"can_withdraw": true}).evidence.powers == ["withdraw"]

test_unknown_powers_are_unknown if check({"privilege_level": null}).status == "unknown"

test_another_key_is_skipped if check({"used_by_keyproof": false}).status == "skip"

test_an_unmarked_key_is_skipped if check({"used_by_keyproof": null}).status == "skip"

test_an_unread_mark_is_unknown if check({"used_by_keyproof": null, "missing_fields": ["used_by_keyproof"]}).status == "unknown"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_off_is_skipped if check({"status": "suspended"}).status == "skip"
