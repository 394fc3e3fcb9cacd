package keyproof.keys.unused_test

import data.keyproof.keys.unused

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"created_at_ns": now - (400 * day), "created_at_age_days": 400,
	"last_used_at_ns": null, "last_used_at_age_days": null, "last_used_state": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := unused.decisions.k1 with input as {"as_of_ns": now, "params": {"days": 45}, "subjects": [subject]}
}

used(ns, days) := {"last_used_state": "known", "last_used_at_ns": ns, "last_used_at_age_days": days}

test_a_nanosecond_before_the_limit_passes if check(used((now - (45 * day)) + 1, 44)).status == "pass"

test_the_limit_itself_fails if check(used(now - (45 * day), 45)).status == "fail"

test_a_use_of_the_last_minute_passes if check(used(now + 60000000000, -1)).status == "pass"

test_a_use_that_lies_ahead_is_unknown if check(used((now + day) + 1, -2)).status == "unknown"

test_never_counts_from_the_creation if {
	d := check({"last_used_state": "never"})
	d == {"status": "fail", "evidence": {"idle_days": 400, "limit_days": 45, "ever_used": "no"}}
}

test_never_without_a_creation_is_unknown if check({"last_used_state": "never", "created_at_ns": null}).status == "unknown"

test_known_without_a_time_is_unknown if check({"last_used_state": "known"}).status == "unknown"

test_not_supported_is_unknown if check({"last_used_state": "not_supported"}).status == "unknown"

test_an_unknown_state_is_unknown if check({}).status == "unknown"

test_off_is_skipped if check({"status": "deactivated"}).status == "skip"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"
