package keyproof.keys.withdraw_without_ip_test

import data.keyproof.keys.withdraw_without_ip

blank := {
	"id": "k1", "missing_fields": [], "status": "active", "can_withdraw": true, "scopes_known": true,
	"network_restrictions_state": "restricted", "network_restrictions_cidrs": ["203.0.113.7/32"],
	"network_restrictions_zones": [], "network_restrictions_referrers": [],
}

check(key) := d if {
	subject := object.union(blank, key)
	d := withdraw_without_ip.decisions.k1 with input as {"as_of_ns": 0, "params": {"open_ranges": ["0.0.0.0/1"]}, "subjects": [subject]}
}

test_bound_passes if check({}) == {"status": "pass", "evidence": {"network": "203.0.113.7/32"}}

test_bound_to_everything_fails if {
	check({"network_restrictions_cidrs": ["203.0.113.7/32", "0.0.0.0/0"]}).status == "fail"
	check({"network_restrictions_cidrs": ["::/0"]}).status == "fail"
	check({"network_restrictions_cidrs": ["0.0.0.0/1"]}).status == "fail"
	check({"network_restrictions_cidrs": ["198.51.100.0/0"]}).status == "fail"
}

test_zones_count if {
	d := check({"network_restrictions_cidrs": [], "network_restrictions_zones": ["vpc-1"]})
	d == {"status": "pass", "evidence": {"network": "vpc-1"}}
}

test_a_referer_is_no_network if {
	d := check({"network_restrictions_cidrs": [], "network_restrictions_referrers": ["a.example"]})
	d == {"status": "fail", "evidence": {"network": "anywhere, with the right Referer"}}
}

test_networks_that_are_not_named_pass if {
	d := check({"network_restrictions_cidrs": []})
	d == {"status": "pass", "evidence": {"network": "networks that its issuer does not name"}}
}

test_unbound_fails if check({"network_restrictions_state": "unrestricted"}).status == "fail"

test_an_unknown_network_is_unknown if check({"network_restrictions_state": null}).status == "unknown"

test_an_unknown_right_is_unknown if check({"can_withdraw": null, "scopes_known": false}).status == "unknown"

test_a_right_that_the_issuer_does_not_know_is_skipped if check({"can_withdraw": null}).status == "skip"

test_no_right_is_skipped if check({"can_withdraw": false}).status == "skip"

test_off_is_skipped if check({"status": "expired"}).status == "skip"

test_an_unknown_status_is_unknown if check({"status": null}).status == "unknown"
