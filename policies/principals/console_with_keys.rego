# METADATA
# title: People who sign in to a console hold no long-lived keys
# description: >-
#   A person with a console can ask for short-lived credentials each time. A key beside it outlives
#   the session, works without a second factor, and is usually a program's work under a person's name.
# scope: package
# custom:
#   version: 1.0.0
#   severity: low
#   subject: principal
#   needs: [principal_type, active, console_access, keys, keys_complete]
#   params: {}
#   message: "may sign in to a console, and holds {active_keys:active key}"
#   remediation: >-
#     Let the person sign in and take short-lived credentials; give each program an identity of its
#     own. Then deactivate the key. CIS AWS Foundations Benchmark 3.0.0, 1.11 advises against making
#     such keys with the user.
#   examples:
#     - title: a console and no keys
#       status: pass
#       subject: {console_access: true, keys: []}
#     - title: a console and a key
#       status: fail
#       subject: {console_access: true, keys: [{}]}
#     - title: a console and a key that is off
#       status: pass
#       subject: {console_access: true, keys: [{status: deactivated}]}
#     - title: nobody reports whether the console is open
#       status: unknown
#       subject: {console_access: null, keys: [{}]}
#     - title: whether the console is open could not be read
#       status: unknown
#       subject: {console_access: true, keys: [{}], missing_fields: [console_access]}
#     - title: not every key could be read
#       status: unknown
#       subject: {console_access: true, keys: [], keys_complete: false}
#     - title: no console
#       status: skip
#       subject: {console_access: false, keys: [{}]}
#     - title: a program
#       status: skip
#       subject: {principal_type: service_account, console_access: true, keys: [{}]}
#     - title: an account that is off
#       status: skip
#       subject: {active: false, console_access: true, keys: [{}]}
package keyproof.principals.console_with_keys

usable := {"active", "pre_active", "compromised"}

decisions[id] := d if {
	some principal in input.subjects
	id := principal.id
	d := decision(principal)
}

decision(principal) := {"status": "unknown", "reason": "its type is not known"} if principal.principal_type == null

decision(principal) := {"status": "skip", "reason": "not a person's account"} if {
	is_string(principal.principal_type)
	principal.principal_type != "user"
}

decision(principal) := {"status": "skip", "reason": "the account is off; principals.offboarded looks at its keys"} if {
	principal.principal_type == "user"
	principal.active == false
}

decision(principal) := {"status": "skip", "reason": "the principal cannot sign in to a console"} if {
	principal.principal_type == "user"
	not principal.active == false
	principal.console_access == false
}

decision(principal) := {"status": "unknown", "reason": "whether the principal can sign in to a console is not known"} if {
	principal.principal_type == "user"
	not principal.active == false
	principal.console_access == null
}

decision(principal) := d if {
	principal.principal_type == "user"
	not principal.active == false
	principal.console_access == true
	d := person(principal)
}

person(principal) := {"status": "unknown", "reason": "the principal's keys could not be read"} if principal.keys == null

person(principal) := d if {
	is_array(principal.keys)
	active := count([key | some key in principal.keys; key.status in usable])
	dark := count([key | some key in principal.keys; key.status == null])
	d := judged(active, dark, principal.keys_complete)
}

judged(active, _, _) := {"status": "fail", "evidence": {"active_keys": active}} if active > 0

judged(active, dark, complete) := {"status": "pass", "evidence": {"active_keys": active}} if {
	active == 0
	dark == 0
	complete == true
}

judged(active, dark, complete) := {"status": "unknown", "reason": "not every key of the principal, or its state, is known"} if {
	active == 0
	{dark == 0, complete} != {true}
}
