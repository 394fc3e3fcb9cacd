# METADATA
# title: API keys work only from known networks
# description: >-
#   A key that works from anywhere is worth stealing from anywhere. A restriction that lets every
#   address in is none.
# scope: package
# custom:
#   version: 1.1.0
#   severity: medium
#   subject: key
#   needs: [status, network_restrictions]
#   params:
#     open_ranges:
#       description: Ranges that restrict nothing; one with a prefix of length 0 never does, however it is written.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1", "*", "any"]
#       source: "IETF RFC 4632 (a prefix of length 0 is every address); halves and words are keyproof's own"
#   message: "network: {network}; ranges that let everybody in: {open}"
#   remediation: >-
#     List the addresses from which the key's callers come, and allow the key from those only.
#   examples:
#     - title: one network
#       status: pass
#       subject: {network_restrictions: {state: restricted, cidrs: [203.0.113.0/24]}}
#     - title: no restriction
#       status: fail
#       subject: {network_restrictions: {state: unrestricted}}
#     - title: a restriction to every address
#       status: fail
#       subject: {network_restrictions: {state: restricted, cidrs: [203.0.113.0/24, 0.0.0.0/0]}}
#     - title: every address, written otherwise
#       status: fail
#       subject: {network_restrictions: {state: restricted, cidrs: [198.51.100.0/0]}}
#     - title: restricted to named zones
#       status: pass
#       subject: {network_restrictions: {state: restricted, zones: [office]}}
#     - title: the issuer does not say
#       status: unknown
#       subject: {network_restrictions: {state: unknown}}
#     - title: the restriction could not be read
#       status: unknown
#       subject: {network_restrictions: {state: restricted}, missing_fields: [network_restrictions]}
#     - title: a key that is off
#       status: skip
#       subject: {status: deactivated, network_restrictions: {state: unrestricted}}
package keyproof.keys.network_restriction

usable := {"active", "pre_active", "compromised"}

verdict := {true: "fail", false: "pass"}

open_ranges := {range | some range in input.params.open_ranges}

active := [key | some key in input.subjects; key.status in usable]

decisions[id] := d if {
	some key in input.subjects
	key.status == null
	id := key.id
	d := {"status": "unknown", "reason": "the key's status is not known"}
}

decisions[id] := d if {
	some key in input.subjects
	is_string(key.status)
	not key.status in usable
	id := key.id
	d := {"status": "skip", "reason": "the key is not active"}
}

decisions[id] := d if {
	some key in active
	key.network_restrictions_state == null
	id := key.id
	d := {"status": "unknown", "reason": "whether the key is restricted to networks is not known"}
}

decisions[id] := d if {
	some key in active
	key.network_restrictions_state == "unrestricted"
	id := key.id
	d := {"status": "fail", "evidence": {"network": "any", "open": []}}
}

decisions[id] := d if {
	count(open_ranges) > 0
	some key in active
	key.network_restrictions_state == "restricted"
	id := key.id
	is_array(key.network_restrictions_cidrs)
	open := sort({range | some range in key.network_restrictions_cidrs; lets_all_in(range)})
	status := verdict[open != []]
	d := {"status": status, "evidence": {"network": "restricted", "open": open}}
}

lets_all_in(range) if range in open_ranges

lets_all_in(range) if endswith(range, "/0")
