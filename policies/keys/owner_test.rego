package keyproof.keys.owner_test

import data.keyproof.keys.owner

blank := {"id": "k1", "missing_fields": [], "status": "active", "owner": null, "owner_source": "none", "principal_owner": null}

check(key, accept) := d if {
	subject := object.union(blank, key)
	d := owner.decisions.k1 with input as {"as_of_ns": 0, "params": {"accept_inferred": accept}, "subjects": [subject]}
}

test_every_stated_source_passes if {
	every source in ["tag", "native", "mapping"] {
		check({"owner": "payments", "owner_source": source}, false).status == "pass"
	}
}

test_a_guess_passes_only_where_it_is_accepted if {
	guess := {"owner": "ada", "owner_source": "inferred"}
	check(guess, true).status == "pass"
	check(guess, false).status == "fail"
}

test_the_principals_owner_counts if {
	d := check({"principal_owner": "payments"}, false)
	d == {"status": "pass", "evidence": {"owner": "payments", "owner_source": "its principal"}}
}

test_nobody_fails if check({}, false).status == "fail"

test_an_empty_name_is_nobody if check({"owner": "", "owner_source": "tag"}, false).status == "fail"

test_unread_tags_are_unknown if check({"missing_fields": ["owner"]}, false).status == "unknown"

test_what_is_gone_is_skipped if {
	every status in ["deactivated", "destroyed", "expired"] {
		check({"status": status}, false).status == "skip"
	}
}

test_a_suspended_key_still_needs_an_owner if check({"status": "suspended"}, false).status == "fail"

test_an_unknown_status_is_unknown if check({"status": null}, false).status == "unknown"
