package keyproof.principals.admin_mfa_test

import data.keyproof.principals.admin_mfa

blank := {
	"id": "p1", "missing_fields": [], "principal_type": "user", "active": true,
	"console_access": true, "mfa": "disabled", "privilege_level": "admin",
}

check(principal, accept) := d if {
	subject := object.union(blank, principal)
	d := admin_mfa.decisions.p1 with input as {"as_of_ns": 0, "params": {"accept_insecure": accept}, "subjects": [subject]}
}

test_a_factor_passes if check({"mfa": "enabled"}, false) == {"status": "pass", "evidence": {"level": "admin", "mfa": "enabled"}}

test_none_fails if check({}, false) == {"status": "fail", "evidence": {"level": "admin", "mfa": "disabled"}}

test_root_can_always_sign_in if {
	check({"principal_type": "root", "privilege_level": "root", "console_access": null}, false).status == "fail"
}

test_a_weak_factor_passes_only_where_it_is_accepted if {
	check({"mfa": "insecure"}, true).status == "pass"
	check({"mfa": "insecure"}, false).status == "fail"
}

test_a_factor_passes_whoever_can_sign_in if check({"mfa": "enabled", "console_access": null}, false).status == "pass"

test_what_is_not_known_is_unknown if {
	every change in [{"principal_type": null}, {"mfa": null}, {"privilege_level": null}, {"console_access": null}] {
		check(change, false).status == "unknown"
	}
}

test_others_are_skipped if {
	every change in [
		{"principal_type": "app"},
		{"active": false},
		{"console_access": false},
		{"privilege_level": "write"},
		{"mfa": "not_applicable"},
	] {
		check(change, false).status == "skip"
	}
}
