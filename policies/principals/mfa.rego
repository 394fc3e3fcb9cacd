# METADATA
# title: People who can sign in have a second factor
# description: >-
#   Whoever takes over an account takes over its keys. Root always needs a second factor; a user
#   needs one where the console is open to them. Programs have none.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: principal
#   needs: [principal_type, active, console_access, mfa]
#   params:
#     without_console:
#       description: Whether users who cannot sign in to a console need a second factor as well.
#       type: boolean
#       default: false
#       source: CIS AWS Foundations Benchmark 3.0.0, 1.10 (users with a console password)
#     accept_insecure:
#       description: Whether factors that can be phished or redirected (SMS, mail) are enough.
#       type: boolean
#       default: false
#       source: NIST SP 800-63B (2017), 5.1.3.3 (restricted authenticators)
#   message: "second factor: {mfa}; may sign in to a console: {console}"
#   remediation: >-
#     Enrol a second factor for the person, better a security key or an app than a text message.
#   examples:
#     - title: a user with a second factor
#       status: pass
#       subject: {mfa: enabled, console_access: true}
#     - title: a user without one
#       status: fail
#       subject: {mfa: disabled, console_access: true}
#     - title: a text message
#       status: fail
#       subject: {mfa: insecure, console_access: true}
#     - title: root, always
#       status: fail
#       subject: {principal_type: root, mfa: disabled, console_access: false}
#     - title: nobody reports the factor
#       status: unknown
#       subject: {mfa: unknown, console_access: true}
#     - title: nobody reports whether the console is open
#       status: unknown
#       subject: {mfa: disabled, console_access: null}
#     - title: the factors could not be read
#       status: unknown
#       subject: {mfa: enabled, console_access: true, missing_fields: [mfa]}
#     - title: a user without a console
#       status: skip
#       subject: {mfa: disabled, console_access: false}
#     - title: a program
#       status: skip
#       subject: {principal_type: service_account, mfa: not_applicable}
#     - title: an account that is off
#       status: skip
#       subject: {active: false, mfa: disabled, console_access: true}
package keyproof.principals.mfa

people := {"user", "root", "sub_account"}

without_console := input.params.without_console if is_boolean(input.params.without_console)

of_insecure := {true: "pass", false: "fail"}[input.params.accept_insecure]

verdict := {"enabled": "pass", "disabled": "fail", "insecure": of_insecure}

spoken := {true: "yes", false: "no", null: "not known"}

asked_by_console := {true: "needed", false: "none", null: "unknown"}

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
	principal.active != false
	d := person(principal, asked(principal))
}

# root always needs one, others where they can sign in
asked(principal) := "needed" if principal.principal_type == "root"

asked(principal) := "needed" if {
	principal.principal_type != "root"
	without_console == true
}

asked(principal) := asked_by_console[principal.console_access] if {
	principal.principal_type != "root"
	without_console == false
}

person(_, need) := {"status": "skip", "reason": "the principal cannot sign in to a console"} if need == "none"

person(principal, need) := {"status": "skip", "reason": "the issuer has no second factor for such principals"} if {
	need != "none"
	principal.mfa == "not_applicable"
}

person(principal, need) := {"status": "unknown", "reason": "whether there is a second factor is not known"} if {
	need != "none"
	principal.mfa == null
}

person(principal, need) := {"status": "unknown", "reason": "whether the principal can sign in to a console is not known"} if {
	need == "unknown"
	verdict[principal.mfa] == "fail"
}

person(principal, need) := {"status": status, "evidence": evidence} if {
	status := verdict[principal.mfa]
	settled(need, status)
	evidence := {"mfa": principal.mfa, "console": spoken[principal.console_access]}
}

settled(need, _) if need == "needed"

settled(need, status) if {
	need == "unknown"
	status == "pass"
}
