# METADATA
# title: Nothing that keys travel to is spoken to in plain text
# description: >-
#   Over plain http or git a key is read by whoever stands between. This looks at the addresses that
#   sources are read from, a repository's remotes among them; what stays on the machine is fine.
# scope: package
# custom:
#   version: 1.0.0
#   severity: high
#   subject: source
#   needs: [transport]
#   params: {}
#   message: "reached over: {transport}"
#   remediation: >-
#     Use the https or ssh address, switch the plain one off at the server, and rotate what travelled
#     over it.
#   examples:
#     - title: over TLS
#       status: pass
#       subject: {transport: tls}
#     - title: on the machine itself
#       status: pass
#       subject: {transport: local}
#     - title: over plain http
#       status: fail
#       subject: {transport: plain}
#     - title: nobody can tell
#       status: unknown
#       subject: {transport: unknown}
#     - title: the address could not be read
#       status: unknown
#       subject: {transport: unknown, missing_fields: [transport]}
package keyproof.sources.encrypted_transport

verdict := {"tls": "pass", "local": "pass", "plain": "fail"}

told := {"tls": "TLS or SSH", "local": "nothing, it is on this machine", "plain": "plain text"}

decisions[id] := d if {
	some source in input.subjects
	id := source.id
	d := decision(source.transport)
}

decision(way) := {"status": "unknown", "reason": "how the source is reached is not known"} if way == null

decision(way) := {"status": status, "evidence": {"transport": told[way]}} if status := verdict[way]
