package keyproof.keys.retired_test

import data.keyproof.keys.retired

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "deactivated",
	"deactivated_at_ns": null, "deactivated_at_age_days": null,
	"expires_at_ns": null, "expires_at_age_days": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := retired.decisions.k1 with input as {"as_of_ns": now, "params": {"days": 90}, "subjects": [subject]}
}

test_the_limit_itself_passes if {
	d := check({"deactivated_at_ns": now - (90 * day), "deactivated_at_age_days": 90})
	d == {"status": "pass", "evidence": {"off_days": 90, "limit_days": 90}}
}

test_a_nanosecond_more_fails if check({"deactivated_at_ns": (now - (90 * day)) - 1, "deactivated_at_age_days": 90}).status == "fail"

test_an_expired_key_counts_from_its_expiry if {
	check({"status": "expired", "expires_at_ns": now - (91 * day), "expires_at_age_days": 91}).status == "fail"
}

test_no_day_is_unknown if check({}).status == "unknown"

test_a_day_to_come_is_unknown if check({"deactivated_at_ns": now + 1}).status == "unknown"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_what_is_in_use_or_gone_is_skipped if {
	every status in ["active", "pre_active", "compromised", "destroyed"] {
		check({"status": status}).status == "skip"
	}
}
