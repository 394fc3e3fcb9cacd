# METADATA
# title: A vendor's key has an owner here, and an end
# description: >-
#   A key in somebody else's hands is watched by nobody unless someone in the house answers for it, and
#   it outlives the contract unless it ends by itself. Mark such keys with a label.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: key
#   needs: [status, labels, owner, expires_at, expiry_state, network_restrictions, privilege_level]
#   params:
#     labels:
#       description: Labels that name the vendor who holds a key.
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: [vendor, third_party, third-party, supplier]
#       source: keyproof's own
#     require:
#       description: What a vendor's key must have.
#       type: array
#       minItems: 1
#       items:
#         type: string
#         enum: [owner, end, network limit, no administration]
#       default: [owner, end, no administration]
#       source: PCI DSS 4.0.1, 8.2.7 (enabled only while needed); an owner in the house is keyproof's own
#   message: "held by {vendor}; lacks: {lacks}"
#   remediation: >-
#     Name an owner in the house, give the key an expiry no later than the contract's end, and limit it
#     to the vendor's addresses and calls. If the contract is over, end the key.
#   examples:
#     - title: owned, ends, reads
#       status: pass
#       subject: {labels: {vendor: acme}, owner: payments, owner_source: tag, expiry_state: known, expires_at: 2026-12-21T00:00:00Z, privilege_level: read}
#     - title: nobody in the house answers for it
#       status: fail
#       subject: {labels: {vendor: acme}, expiry_state: known, expires_at: 2026-12-21T00:00:00Z, privilege_level: read}
#     - title: it never ends
#       status: fail
#       subject: {labels: {vendor: acme}, owner: payments, owner_source: tag, expiry_state: never, privilege_level: read}
#     - title: the issuer cannot end it
#       status: fail
#       subject: {labels: {supplier: acme}, owner: payments, owner_source: tag, expiry_state: not_supported, privilege_level: read}
#     - title: an administrator
#       status: fail
#       subject: {labels: {vendor: acme}, owner: payments, owner_source: tag, expiry_state: known, expires_at: 2026-12-21T00:00:00Z, privilege_level: admin}
#     - title: works from anywhere, and the organisation asks for a limit
#       status: fail
#       params: {require: [network limit]}
#       subject: {labels: {vendor: acme}, network_restrictions: {state: unrestricted}}
#     - title: whether it ends is not known
#       status: unknown
#       subject: {labels: {vendor: acme}, owner: payments, owner_source: tag, expiry_state: unknown, privilege_level: read}
#     - title: labels could not be read
#       status: unknown
#       subject: {missing_fields: [labels]}
#     - title: the house's own key
#       status: skip
#       subject: {labels: {team: payments}}
package keyproof.keys.vendor

usable := {"active", "pre_active", "compromised", "suspended"}

verdict := {true: "pass", false: "fail"}

marks := {name | some name in input.params.labels}

required := {name | some name in input.params.require}

nobody := {null, ""}

decisions[id] := d if {
	some key in input.subjects
	id := key.id
	d := decision(key)
}

decision(key) := {"status": "unknown", "reason": "the key's status is not known"} if key.status == null

decision(key) := {"status": "skip", "reason": "the key cannot be used any more"} if {
	is_string(key.status)
	not key.status in usable
}

decision(key) := {"status": "unknown", "reason": "the key's labels are not known"} if {
	key.status in usable
	key.labels == null
}

decision(key) := {"status": "skip", "reason": "no label says that a vendor holds the key"} if {
	key.status in usable
	is_object(key.labels)
	count(held_by(key)) == 0
}

decision(key) := d if {
	key.status in usable
	is_object(key.labels)
	count(held_by(key)) > 0
	d := judged(held_by(key), lacking(key), unsaid(key))
}

held_by(key) := sort({value | some name, value in key.labels; name in marks; value != ""})

judged(holders, lacks, _) := {"status": "fail", "evidence": {"vendor": holders, "lacks": sort(lacks)}} if count(lacks) > 0

judged(_, lacks, open) := {"status": "unknown", "reason": concat("", ["not known: ", concat(", ", sort(open))])} if {
	count(lacks) == 0
	count(open) > 0
}

judged(holders, lacks, open) := {"status": status, "evidence": {"vendor": holders, "lacks": []}} if {
	count(required) > 0
	count(open) == 0
	count(lacks) == 0
	status := verdict[count(lacks) == 0]
}

lacking(key) := {name | some name in required; state(key)[name] == "no"}

unsaid(key) := {name | some name in required; state(key)[name] == "unknown"}

state(key) := {"owner": owner(key), "end": ends[expiry(key)], "network limit": limits[network(key)], "no administration": powers[level(key)]}

owner(key) := "yes" if not key.owner in nobody

owner(key) := "unknown" if {
	key.owner in nobody
	"owner" in key.missing_fields
}

owner(key) := "no" if {
	key.owner in nobody
	not "owner" in key.missing_fields
}

told(value) := value if value != null

told(value) := "not known" if value == null

expiry(key) := told(key.expiry_state)

network(key) := told(key.network_restrictions_state)

level(key) := told(key.privilege_level)

ends := {"known": "yes", "never": "no", "not_supported": "no", "not known": "unknown"}

limits := {"restricted": "yes", "unrestricted": "no", "not known": "unknown"}

powers := {"none": "yes", "read": "yes", "write": "yes", "admin": "no", "root": "no", "not known": "unknown"}
