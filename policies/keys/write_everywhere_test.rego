package keyproof.keys.write_everywhere_test

import data.keyproof.keys.write_everywhere

blank := {
	"id": "k1", "missing_fields": [], "status": "active",
	"scopes_known": true, "privilege_level": null, "wildcard_resource": null,
}

check(key) := d if {
	subject := object.union(blank, key)
	d := write_everywhere.decisions.k1 with input as {"as_of_ns": 0, "params": {"levels": ["write", "admin"]}, "subjects": [subject]}
}

test_named_resources_pass if {
	d := check({"privilege_level": "write", "wildcard_resource": false})
	d == {"status": "pass", "evidence": {"level": "write", "everywhere": "no"}}
}

test_named_resources_pass_whatever_the_level if check({"wildcard_resource": false}).status == "pass"

test_writing_everywhere_fails if {
	d := check({"privilege_level": "admin", "wildcard_resource": true})
	d == {"status": "fail", "evidence": {"level": "admin", "everywhere": "yes"}}
}

test_reading_passes_wherever if {
	every everywhere in [true, null] {
		check({"privilege_level": "read", "wildcard_resource": everywhere}).status == "pass"
	}
}

test_an_unknown_level_everywhere_is_unknown if check({"wildcard_resource": true}).status == "unknown"

test_unread_rights_are_unknown if check({"scopes_known": false}).status == "unknown"

test_an_issuer_without_resources_is_skipped if check({"privilege_level": "write"}).status == "skip"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_off_is_skipped if check({"status": "suspended"}).status == "skip"
