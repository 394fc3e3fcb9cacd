package keyproof.keys.max_age_test

import data.keyproof.keys.max_age

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"created_at_ns": null, "created_at_age_days": null,
	"last_rotated_at_ns": null, "last_rotated_at_age_days": null, "rotated_basis": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := max_age.decisions.k1 with input as {"as_of_ns": now, "params": {"days": 90}, "subjects": [subject]}
}

test_at_the_limit_passes if check({"created_at_ns": now - (90 * day), "created_at_age_days": 90}).status == "pass"

test_a_nanosecond_over_fails if check({"created_at_ns": (now - (90 * day)) - 1, "created_at_age_days": 90}).status == "fail"

test_evidence if {
	d := check({"created_at_ns": now - (91 * day), "created_at_age_days": 91})
	d.evidence == {"age_days": 91, "limit_days": 90, "counted_from": "creation"}
}

test_every_state_that_cannot_be_used_is_skipped if {
	every status in ["suspended", "deactivated", "destroyed", "expired"] {
		check({"status": status}).status == "skip"
	}
}

test_every_state_that_can_be_used_is_decided if {
	every status in ["active", "pre_active", "compromised"] {
		check({"status": status, "created_at_ns": now, "created_at_age_days": 0}).status == "pass"
	}
}

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_a_missing_date_is_unknown_not_pass if check({}).status == "unknown"

test_the_future_is_unknown if check({"created_at_ns": now + 1, "created_at_age_days": -1}).status == "unknown"

test_a_stated_rotation_counts if {
	rotated := {"last_rotated_at_ns": now - day, "last_rotated_at_age_days": 1, "rotated_basis": "native"}
	d := check(object.union(rotated, {"created_at_ns": now - (900 * day), "created_at_age_days": 900}))
	d.status == "pass"
	d.evidence.counted_from == "last rotation"
}

test_a_rotation_in_the_future_is_unknown if {
	check({"last_rotated_at_ns": now + 1, "last_rotated_at_age_days": -1, "rotated_basis": "native"}).status == "unknown"
}

test_an_unstated_rotation_counts_from_the_creation if {
	old := {"created_at_ns": now - (900 * day), "created_at_age_days": 900, "rotated_basis": "native"}
	check(old).evidence == {"age_days": 900, "limit_days": 90, "counted_from": "creation"}
}

test_an_unread_rotation_is_unknown if {
	old := {"created_at_ns": now - (900 * day), "created_at_age_days": 900}
	check(object.union(old, {"missing_fields": ["last_rotated_at"]})).status == "unknown"
}

test_no_limit_gives_no_decision if {
	subject := object.union(blank, {"created_at_ns": now, "created_at_age_days": 0})
	max_age.decisions == {} with input as {"as_of_ns": now, "params": {}, "subjects": [subject]}
}

test_a_limit_that_is_text_gives_no_decision if {
	subject := object.union(blank, {"created_at_ns": now, "created_at_age_days": 0})
	max_age.decisions == {} with input as {"as_of_ns": now, "params": {"days": "90"}, "subjects": [subject]}
}
