# METADATA
# title: Root is not used for daily work
# description: >-
#   Root is for what nobody else can do, which is rare. A recent sign-in says that people work with
#   it, or that somebody else does.
# scope: package
# custom:
#   version: 1.0.0
#   severity: medium
#   subject: principal
#   needs: [principal_type, last_seen_at]
#   params:
#     days:
#       description: Days that must have passed since root last signed in.
#       type: integer
#       minimum: 1
#       maximum: 3650
#       default: 30
#       source: "keyproof's own; CIS AWS Foundations Benchmark 3.0.0, 1.7 sets no number"
#   message: "root signed in {seen_days:day} ago; at least {limit_days} should have passed"
#   remediation: >-
#     Find out who signed in and for what. Give that work to an identity with the rights that it
#     needs, and lock root's credentials away.
#   examples:
#     - title: root signed in a year ago
#       status: pass
#       subject: {principal_type: root, last_seen_at: 2025-11-14T00:00:00Z}
#     - title: root signed in yesterday
#       status: fail
#       subject: {principal_type: root, last_seen_at: 2026-11-20T00:00:00Z}
#     - title: when root signed in is not known
#       status: unknown
#       subject: {principal_type: root}
#     - title: when root signed in could not be read
#       status: unknown
#       subject: {principal_type: root, last_seen_at: 2025-11-14T00:00:00Z, missing_fields: [last_seen_at]}
#     - title: a user
#       status: skip
#       subject: {principal_type: user, last_seen_at: 2026-11-20T00:00:00Z}
package keyproof.principals.root_used

verdict := {true: "fail", false: "pass"}

limit := input.params.days if is_number(input.params.days)

limit_ns := limit * 86400000000000

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "its type is not known"} if principal.principal_type == null

decision(principal) := {"status": "skip", "reason": "not the root account"} if {
	is_string(principal.principal_type)
	principal.principal_type != "root"
}

decision(principal) := {"status": "unknown", "reason": "when root last signed in is not known"} if {
	principal.principal_type == "root"
	principal.last_seen_at_ns == null
}

decision(principal) := {"status": status, "evidence": evidence} if {
	principal.principal_type == "root"
	is_number(principal.last_seen_at_ns)
	status := verdict[(input.as_of_ns - principal.last_seen_at_ns) < limit_ns]
	evidence := {"seen_days": principal.last_seen_at_age_days, "limit_days": limit}
}
