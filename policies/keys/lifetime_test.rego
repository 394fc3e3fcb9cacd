package keyproof.keys.lifetime_test

import data.keyproof.keys.lifetime

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "active", "expiry_state": "known",
	"created_at_ns": now - (10 * day), "created_at_age_days": 10,
	"expires_at_ns": now + (80 * day), "expires_at_age_days": -80,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := lifetime.decisions.k1 with input as {"as_of_ns": now, "params": {"days": 90}, "subjects": [subject]}
}

test_the_limit_itself_passes if check({}) == {"status": "pass", "evidence": {"life_days": 90, "limit_days": 90}}

test_a_nanosecond_more_fails if check({"expires_at_ns": (now + (80 * day)) + 1}).status == "fail"

test_no_end_is_left_to_another_policy if {
	every state in ["never", "not_supported"] {
		check({"expiry_state": state}).status == "skip"
	}
}

test_an_end_before_the_beginning_is_unknown if check({"expires_at_ns": now - (11 * day)}).status == "unknown"

test_what_is_not_known_is_unknown if {
	every change in [{"status": null}, {"expiry_state": null}, {"expires_at_ns": null}, {"created_at_ns": null}] {
		check(change).status == "unknown"
	}
}

test_off_is_skipped if check({"status": "expired"}).status == "skip"
