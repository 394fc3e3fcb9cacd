package keyproof.keys.least_privilege_test

import data.keyproof.keys.least_privilege

blank := {
	"id": "k1", "missing_fields": [], "status": "active", "scopes_known": true, "privilege_level": "read",
	"can_withdraw": null, "can_trade": null, "can_manage_iam": null,
	"wildcard_action": null, "wildcard_resource": null,
}

every_power := ["admin", "root", "wildcard_action", "wildcard_resource", "can_withdraw", "can_trade", "can_manage_iam"]

check(key, denied) := d if {
	subject := object.union(blank, key)
	d := least_privilege.decisions.k1 with input as {"as_of_ns": 0, "params": {"denied": denied}, "subjects": [subject]}
}

test_a_reader_passes if check({}, every_power).status == "pass"

test_each_flag_fails_where_it_is_denied if {
	every flag in ["wildcard_action", "wildcard_resource", "can_withdraw", "can_trade", "can_manage_iam"] {
		check({flag: true}, [flag]) == {"status": "fail", "evidence": {"powers": [flag], "privilege_level": "read"}}
	}
}

test_each_flag_passes_where_it_is_not_denied if {
	every flag in ["wildcard_action", "wildcard_resource", "can_withdraw", "can_trade", "can_manage_iam"] {
		check({flag: true}, ["root"]).status == "pass"
	}
}

test_levels_fail if {
	every level in ["admin", "root"] {
		check({"privilege_level": level}, every_power).evidence.powers == [level]
	}
}

test_powers_are_listed_in_order if {
	d := check({"privilege_level": "admin", "can_trade": true, "can_withdraw": true}, every_power)
	d.evidence.powers == ["admin", "can_trade", "can_withdraw"]
}

test_unread_rights_are_unknown if check({"scopes_known": false}, every_power).status == "unknown"

test_an_unknown_level_is_unknown if check({"privilege_level": null}, every_power).status == "unknown"

test_a_power_fails_even_where_rights_were_not_read if {
	check({"scopes_known": null, "privilege_level": null, "can_withdraw": true}, every_power).status == "fail"
}

test_no_denied_power_gives_no_decision if {
	least_privilege.decisions == {} with input as {"as_of_ns": 0, "params": {}, "subjects": [blank]}
}

test_off_is_skipped if check({"status": "expired", "privilege_level": "admin"}, every_power).status == "skip"

test_an_unknown_status_is_unknown if check({"status": null}, every_power).status == "unknown"
