# METADATA
# title: Administrators have a second factor
# description: >-
#   Whoever takes over an administrator's account makes keys of their own and keeps them. This is
#   principals.mfa for those few accounts, with the severity that they deserve.
# scope: package
# custom:
#   version: 1.0.0
#   severity: critical
#   subject: principal
#   needs: [principal_type, active, console_access, mfa, privilege_level]
#   params:
#     accept_insecure:
#       description: Whether factors that can be phished or redirected (SMS, mail) are enough.
#       type: boolean
#       default: false
#       source: NIST SP 800-63B (2017), 5.1.3.3 (restricted authenticators)
#   message: "an administrator ({level}) whose second factor is: {mfa}"
#   remediation: >-
#     Enrol a security key or an app for the administrator today, or take the powers away.
#   examples:
#     - title: an administrator with a second factor
#       status: pass
#       subject: {privilege_level: admin, console_access: true, mfa: enabled}
#     - title: an administrator without one
#       status: fail
#       subject: {privilege_level: admin, console_access: true, mfa: disabled}
#     - title: root with a text message
#       status: fail
#       subject: {principal_type: root, privilege_level: root, mfa: insecure}
#     - title: the factor is not known
#       status: unknown
#       subject: {privilege_level: admin, console_access: true}
#     - title: whether this is an administrator is not known
#       status: unknown
#       subject: {console_access: true, mfa: disabled}
#     - title: the powers could not be read
#       status: unknown
#       subject: {privilege_level: read, console_access: true, mfa: disabled, missing_fields: [privilege_level]}
#     - title: whether an administrator can sign in is not known
#       status: unknown
#       subject: {privilege_level: admin, mfa: disabled}
#     - title: a reader
#       status: skip
#       subject: {privilege_level: read, console_access: true, mfa: disabled}
#     - title: an administrator that cannot sign in, whose keys keys.least_privilege looks at
#       status: skip
#       subject: {privilege_level: admin, console_access: false, mfa: disabled}
#     - title: a program
#       status: skip
#       subject: {principal_type: service_account, privilege_level: admin}
#     - title: an account that is off
#       status: skip
#       subject: {active: false, privilege_level: admin, console_access: true, mfa: disabled}
package keyproof.principals.admin_mfa

people := {"user", "root", "sub_account"}

high := {"admin", "root"}

of_insecure := {true: "pass", false: "fail"}[input.params.accept_insecure]

verdict := {"enabled": "pass", "disabled": "fail", "insecure": of_insecure}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "its type is not known"} if principal.principal_type == null

decision(principal) := {"status": "skip", "reason": "a program has no second factor"} if {
	is_string(principal.principal_type)
	not principal.principal_type in people
}

decision(principal) := {"status": "skip", "reason": "the principal is not active"} if {
	principal.principal_type in people
	principal.active == false
}

decision(principal) := d if {
	principal.principal_type in people
	not principal.active == false
	d := person(principal, entry(principal))
}

entry(principal) := "open" if principal.principal_type == "root"

entry(principal) := {true: "open", false: "closed", null: "unknown"}[principal.console_access] if {
	principal.principal_type != "root"
}

person(_, door) := {"status": "skip", "reason": "the principal cannot sign in to a console"} if door == "closed"

person(principal, door) := {"status": "unknown", "reason": "whether the principal is an administrator is not known"} if {
	door != "closed"
	principal.privilege_level == null
}

person(principal, door) := {"status": "skip", "reason": "not an administrator"} if {
	door != "closed"
	is_string(principal.privilege_level)
	not principal.privilege_level in high
}

person(principal, door) := d if {
	door != "closed"
	principal.privilege_level in high
	d := guarded(principal, door)
}

guarded(principal, _) := {"status": "skip", "reason": "the issuer has no second factor for such principals"} if principal.mfa == "not_applicable"

guarded(principal, _) := {"status": "unknown", "reason": "whether there is a second factor is not known"} if principal.mfa == null

guarded(principal, door) := {"status": "unknown", "reason": "whether the administrator can sign in is not known"} if {
	door == "unknown"
	verdict[principal.mfa] == "fail"
}

guarded(principal, door) := {"status": status, "evidence": {"level": principal.privilege_level, "mfa": principal.mfa}} if {
	status := verdict[principal.mfa]
	{door, status} != {"unknown", "fail"}
}
