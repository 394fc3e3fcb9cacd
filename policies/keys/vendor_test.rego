package keyproof.keys.vendor_test

import data.keyproof.keys.vendor

every_one := ["owner", "end", "network limit", "no administration"]

fine := {
	"id": "k1",
	"missing_fields": [],
	"status": "active",
	"labels": {"vendor": "acme"},
	"owner": "payments",
	"expires_at_ns": 1,
	"expires_at_age_days": -1,
	"expiry_state": "known",
	"network_restrictions_state": "restricted",
	"privilege_level": "read",
}

check(key) := d if {
	subject := object.union(fine, key)
	params := {"labels": ["vendor"], "require": every_one}
	d := vendor.decisions.k1 with input as {"as_of_ns": 0, "params": params, "subjects": [subject]}
}

test_everything_passes if check({}) == {"status": "pass", "evidence": {"vendor": ["acme"], "lacks": []}}

test_everything_lacking_is_named if check({"owner": null, "expiry_state": "never", "network_restrictions_state": "unrestricted", "privilege_level": "root"}).evidence.lacks == sort(every_one)

test_a_lack_beats_an_unknown if check({"owner": "", "expiry_state": null}).status == "fail"

test_unknowns_are_named if check({"owner": null, "missing_fields": ["owner"], "privilege_level": null}).reason == "not known: no administration, owner"

test_unread_labels_are_unknown if check({"labels": null}).status == "unknown"

# object.union would keep the label
test_no_label_is_skipped if {
	subject := object.union(object.remove(fine, ["labels"]), {"labels": {"team": "acme"}})
	params := {"labels": ["vendor"], "require": every_one}
	d := vendor.decisions.k1 with input as {"as_of_ns": 0, "params": params, "subjects": [subject]}
	d.status == "skip"
}

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"

test_an_ended_key_is_skipped if check({"status": "expired"}).status == "skip"
