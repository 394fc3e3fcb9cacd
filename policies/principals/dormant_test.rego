package keyproof.principals.dormant_test

import data.keyproof.principals.dormant

now := 1795219200000000000

day := 86400000000000

key := {
	"status": "active", "created_at_ns": now - (400 * day), "created_at_age_days": 400,
	"last_used_state": "never", "last_used_at_ns": null, "last_used_at_age_days": null,
}

blank := {
	"id": "p1", "missing_fields": [], "active": null, "console_access": false,
	"created_at_ns": now - (500 * day), "created_at_age_days": 500,
	"last_seen_at_ns": null, "last_seen_at_age_days": null,
	"keys": [key], "keys_complete": true,
}

check(principal) := d if {
	subject := object.union(blank, principal)
	d := dormant.decisions.p1 with input as {"as_of_ns": now, "params": {"days": 90}, "subjects": [subject]}
}

with_key(change) := {"keys": [object.union(key, change)]}

test_the_limit_itself_passes if {
	d := check({"last_seen_at_ns": now - (90 * day), "last_seen_at_age_days": 90})
	d == {"status": "pass", "evidence": {"quiet_days": 90, "limit_days": 90, "active_keys": 1}}
}

test_a_nanosecond_more_fails if {
	d := check({"console_access": true, "last_seen_at_ns": (now - (90 * day)) - 1, "last_seen_at_age_days": 90})
	d.status == "fail"
}

test_a_use_is_a_sign if check(with_key({"last_used_state": "known", "last_used_at_ns": now - day, "last_used_at_age_days": 1})).status == "pass"

test_a_new_key_is_a_sign if check(with_key({"created_at_ns": now - day, "created_at_age_days": 1})).status == "pass"

test_a_sign_that_lies_ahead_says_nothing if {
	check({"last_seen_at_ns": (now + day) + 1, "last_seen_at_age_days": -2}).status == "unknown"
	check(with_key({"last_used_state": "known", "last_used_at_ns": (now + day) + 1, "last_used_at_age_days": -2})).status == "unknown"
	check(with_key({"last_used_state": "known", "last_used_at_ns": now + day, "last_used_at_age_days": -1})).status == "pass"
}

test_never_used_and_old_fails if check({"active": true}) == {"status": "fail", "evidence": {"quiet_days": 400, "limit_days": 90, "active_keys": 1}}

test_what_is_not_known_is_unknown if {
	every change in [
		{"console_access": null},
		{"console_access": true},
		{"keys": null},
		{"keys_complete": false},
		{"keys": [], "keys_complete": false},
		with_key({"status": null}),
		with_key({"last_used_state": "not_supported"}),
		with_key({"last_used_state": "known"}),
		object.union(with_key({"created_at_ns": null}), {"created_at_ns": null}),
	] {
		check(change).status == "unknown"
	}
}

test_without_keys_or_off_is_skipped if {
	every change in [{"active": false}, {"keys": []}, {"keys": [], "console_access": true}, with_key({"status": "expired"})] {
		check(change).status == "skip"
	}
}
