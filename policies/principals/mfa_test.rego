package keyproof.principals.mfa_test

import data.keyproof.principals.mfa

blank := {"id": "p1", "missing_fields": [], "principal_type": "user", "active": true, "console_access": true, "mfa": null}

strict := {"without_console": false, "accept_insecure": false}

check(principal, params) := d if {
	subject := object.union(blank, principal)
	d := mfa.decisions.p1 with input as {"as_of_ns": 0, "params": object.union(strict, params), "subjects": [subject]}
}

test_a_factor_passes if check({"mfa": "enabled"}, {}) == {"status": "pass", "evidence": {"mfa": "enabled", "console": "yes"}}

test_none_fails if check({"mfa": "disabled"}, {}).status == "fail"

test_an_insecure_one_fails_unless_accepted if {
	check({"mfa": "insecure"}, {}).status == "fail"
	check({"mfa": "insecure"}, {"accept_insecure": true}).status == "pass"
}

test_no_console_is_skipped_unless_demanded if {
	check({"mfa": "disabled", "console_access": false}, {}).status == "skip"
	check({"mfa": "disabled", "console_access": false}, {"without_console": true}).status == "fail"
}

test_root_is_never_let_off if check({"principal_type": "root", "console_access": false, "mfa": "disabled"}, {}).status == "fail"

test_an_unknown_console_is_unknown_unless_there_is_a_factor if {
	check({"console_access": null, "mfa": "disabled"}, {}).status == "unknown"
	check({"console_access": null, "mfa": "insecure"}, {}).status == "unknown"
	check({"console_access": null, "mfa": "enabled"}, {}).status == "pass"
}

test_an_unknown_factor_is_unknown if check({}, {}).status == "unknown"

test_an_unknown_kind_is_unknown if check({"principal_type": null, "mfa": "disabled"}, {}).status == "unknown"

test_programs_are_skipped if {
	every kind in ["service_account", "app", "consumer"] {
		check({"principal_type": kind}, {}).status == "skip"
	}
}

test_an_inactive_account_is_skipped if check({"active": false, "mfa": "disabled"}, {}).status == "skip"

test_an_account_of_unknown_activity_is_decided if check({"active": null, "mfa": "disabled"}, {}).status == "fail"

test_no_factor_for_such_principals_is_skipped if check({"mfa": "not_applicable"}, {}).status == "skip"
