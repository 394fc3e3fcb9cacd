package keyproof.keys.expiry_test

import data.keyproof.keys.expiry

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"expiry_state": null, "expires_at_ns": null, "expires_at_age_days": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := expiry.decisions.k1 with input as {"as_of_ns": now, "params": {"days": 30}, "subjects": [subject]}
}

at(ns, days) := {"expiry_state": "known", "expires_at_ns": ns, "expires_at_age_days": days}

test_at_the_limit_passes if check(at(now + (30 * day), -30)).status == "pass"

test_a_nanosecond_over_fails if check(at((now + (30 * day)) + 1, -31)).status == "fail"

test_this_very_moment_is_past if check(at(now, 0)).evidence.expires == "past, yet active"

test_a_moment_ahead_passes if check(at(now + 1, -1)).status == "pass"

test_never_fails if check({"expiry_state": "never"}).status == "fail"

test_known_without_a_time_is_unknown if check({"expiry_state": "known"}).status == "unknown"

test_an_unknown_state_is_unknown if check({}).status == "unknown"

test_not_supported_is_skipped if check({"expiry_state": "not_supported"}).status == "skip"

test_an_expired_key_is_skipped if check({"status": "expired"}).status == "skip"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"
