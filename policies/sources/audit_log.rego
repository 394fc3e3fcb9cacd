# METADATA
# title: What keys are used for is logged
# description: >-
#   Without a log of who did what, nobody can tell what a leaked key was used for, and no key can be
#   shown to be unused. In AWS: a trail of all regions, with global services, that is recording.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: source
#   needs: [audit_log]
#   params: {}
#   message: "the audit log is {log}"
#   remediation: >-
#     Switch the log on for all regions and global services, send it where the account's own
#     administrators cannot delete it, and keep it as long as your rules say.
#   examples:
#     - title: the log is on
#       status: pass
#       subject: {audit_log: "on"}
#     - title: the log is off
#       status: fail
#       subject: {audit_log: "off"}
#     - title: the source does not say
#       status: unknown
#       subject: {audit_log: unknown}
#     - title: the log's state could not be read
#       status: unknown
#       subject: {audit_log: unknown, missing_fields: [audit_log]}
#     - title: a source that issues no keys
#       status: skip
#       subject: {audit_log: not_applicable}
package keyproof.sources.audit_log

verdict := {"on": "pass", "off": "fail"}

decisions[id] := d if {
	some source in input.subjects
	id := source.id
	d := decision(source.audit_log)
}

decision(log) := {"status": "unknown", "reason": "whether an audit log is kept is not known"} if log == null

decision(log) := {"status": "skip", "reason": "no keys are used there"} if log == "not_applicable"

decision(log) := {"status": status, "evidence": {"log": log}} if status := verdict[log]
