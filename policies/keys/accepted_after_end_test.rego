package keyproof.keys.accepted_after_end_test

import data.keyproof.keys.accepted_after_end

now := 1795219200000000000

hour := 3600000000000

day := 24 * hour

off := now - (30 * day)

check(key) := d if {
	plain := {
		"id": "k1",
		"missing_fields": [],
		"status": "deactivated",
		"deactivated_at_ns": off,
		"deactivated_at_age_days": 30,
		"expires_at_ns": null,
		"expires_at_age_days": null,
		"last_used_at_ns": null,
		"last_used_at_age_days": null,
		"last_used_state": "known",
		"last_used_precision": "second",
	}
	subject := object.union(plain, key)
	d := accepted_after_end.decisions.k1 with input as {"as_of_ns": now, "params": {"grace_minutes": 60}, "subjects": [subject]}
}

test_within_the_grace_passes if check({"last_used_at_ns": off + hour}).status == "pass"

test_after_the_grace_fails if check({"last_used_at_ns": (off + hour) + 1}) == {"status": "fail", "evidence": {"ended": "switched off", "used": "since then"}}

test_before_passes if check({"last_used_at_ns": off - 1}).evidence.used == "before that"

test_never_used_passes if check({"last_used_state": "never"}).status == "pass"

test_an_unknown_use_is_unknown if check({"last_used_state": null}).status == "unknown"

test_no_support_is_unknown if check({"last_used_state": "not_supported"}).status == "unknown"

test_an_active_key_after_its_expiry_fails if check({"status": "active", "expires_at_ns": off, "last_used_at_ns": now}).evidence.ended == "expired"

test_an_expired_key_without_a_date_is_unknown if check({"status": "expired", "deactivated_at_ns": null}).status == "unknown"

test_an_active_key_is_skipped if check({"status": "active"}).status == "skip"

test_a_key_that_expires_later_is_skipped if check({"status": "active", "expires_at_ns": now + day}).status == "skip"

test_the_day_of_the_end_is_unknown if check({"last_used_precision": "day", "last_used_at_ns": off - hour}).status == "unknown"

test_the_day_after_fails if check({"last_used_precision": "day", "last_used_at_ns": off + day}).status == "fail"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_an_unknown_status_is_unknown_though_it_expired if check({"status": null, "expires_at_ns": off}).status == "unknown"

test_a_use_without_its_time_is_unknown if check({"last_used_at_ns": null}).status == "unknown"
