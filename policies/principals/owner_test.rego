package keyproof.principals.owner_test

import data.keyproof.principals.owner

blank := {
	"id": "p1", "missing_fields": [], "principal_type": "app", "active": null, "console_access": null,
	"owner": null, "owner_source": "none", "keys": [{"status": "active"}], "keys_complete": true,
}

check(principal) := d if {
	subject := object.union(blank, principal)
	d := owner.decisions.p1 with input as {"as_of_ns": 0, "params": {"accept_inferred": false}, "subjects": [subject]}
}

test_a_stated_owner_passes if {
	d := check({"owner": "payments", "owner_source": "tag"})
	d == {"status": "pass", "evidence": {"owner": "payments", "owner_source": "tag", "active_keys": 1}}
}

test_a_guess_fails if check({"owner": "ada", "owner_source": "inferred"}).status == "fail"

test_nobody_fails if check({"active": true}) == {"status": "fail", "evidence": {"owner": "none", "owner_source": "none", "active_keys": 1}}

test_a_user_without_a_console_is_a_service if check({"principal_type": "user", "console_access": false}).status == "fail"

test_people_are_skipped if {
	check({"principal_type": "user", "console_access": true}).status == "skip"
	check({"principal_type": "root"}).status == "skip"
}

test_without_keys_or_off_is_skipped if {
	check({"keys": []}).status == "skip"
	check({"keys": [{"status": "expired"}]}).status == "skip"
	check({"active": false}).status == "skip"
}

test_what_is_not_known_is_unknown if {
	every change in [
		{"principal_type": null},
		{"principal_type": "user"},
		{"keys": null},
		{"keys": [], "keys_complete": false},
		{"keys": [{"status": null}]},
		{"missing_fields": ["owner"]},
	] {
		check(change).status == "unknown"
	}
}
