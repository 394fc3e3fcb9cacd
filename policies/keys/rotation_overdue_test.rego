package keyproof.keys.rotation_overdue_test

import data.keyproof.keys.rotation_overdue

now := 1795219200000000000

day := 86400000000000

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"rotation_enabled": true, "rotation_mechanism": null, "rotation_interval_days": null,
	"rotation_next_at_ns": null, "rotation_next_at_age_days": null,
	"last_rotated_at_ns": null, "last_rotated_at_age_days": null, "rotated_basis": null,
	"created_at_ns": now - (40 * day), "created_at_age_days": 40,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := rotation_overdue.decisions.k1 with input as {"as_of_ns": now, "params": {"grace_days": 2}, "subjects": [subject]}
}

due(ns, days) := check({"rotation_next_at_ns": ns, "rotation_next_at_age_days": days})

test_ahead_is_not_late if due(now + day, -1) == {"status": "pass", "evidence": {"late_days": 0, "grace_days": 2}}

test_the_grace_itself_passes if due(now - (2 * day), 2).status == "pass"

test_a_nanosecond_more_fails if due((now - (2 * day)) - 1, 2).status == "fail"

rotated(days, basis) := check({
	"rotation_interval_days": 30, "rotated_basis": basis,
	"last_rotated_at_ns": now - (days * day), "last_rotated_at_age_days": days,
})

test_an_interval_counts_from_the_last_rotation if {
	rotated(32, "native").status == "pass"
	rotated(33, "version") == {"status": "fail", "evidence": {"late_days": 3, "grace_days": 2}}
}

test_an_edit_is_no_rotation if rotated(1, "updated_at").evidence.late_days == 10

test_without_a_rotation_the_creation_counts if check({"rotation_interval_days": 30}).evidence.late_days == 10

test_a_stated_rotation_without_a_date_counts_from_the_creation if {
	check({"rotation_interval_days": 30, "rotated_basis": "native"}).status == "fail"
}

test_what_is_not_known_is_unknown if {
	every change in [
		{"status": null},
		{"rotation_enabled": null},
		{},
		{"rotation_interval_days": 30, "created_at_ns": null},
		{"rotation_interval_days": 30, "missing_fields": ["last_rotated_at"]},
	] {
		check(change).status == "unknown"
	}
}

test_what_does_not_apply_is_skipped if {
	every change in [
		{"status": "expired"},
		{"rotation_enabled": false},
		{"rotation_enabled": null, "rotation_mechanism": "manual"},
	] {
		check(change).status == "skip"
	}
}
