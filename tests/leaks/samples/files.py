"""One line a detector of the files that tools keep credentials in, as in ``tables``."""

from __future__ import annotations

FILES = r"""
openvpn.tls_crypt_v2_key - [[{dashes}BEGIN OpenVPN tls-crypt-v2 client key{dashes}\n{b64}\n{b64}\n{b64}\n{dashes}END OpenVPN tls-crypt-v2 client key{dashes}]]\n
unix_password.mosquitto - sensor:$7$101$[[{b16}${b86}==]]\n
unix_password.rabbitmq - {"name": "guest", "password_hash": "[[{b48}]]", "hashing_algorithm": "rabbit_password_hashing_sha256"}
private_key.der_lines - [[MIIEpAIBAAKCAQEA{b60}\n{b76}\n{b76}\n{b76}\n{b40}==]]\n
private_key.gnupg - (21:protected-private-key(3:rsa(1:n[[{a60}]]{a200}
wifi.wpa_supplicant_psk - network={\n  ssid="home"\n  psk="[[{a14}]]"\n}\n
wifi.wpa_supplicant_psk - network={\n  ssid="home"\n  psk=[[{h64}]]\n}\n
wifi.network_manager_psk - [wifi]\nssid=home\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=[[{a14}]]\n
windows.group_policy_password - <Properties action="U" newName="" cpassword="[[{b43}]]" userName="deploy"/>
windows.answer_file_password - <AdministratorPassword>\n  <Value>[[{a14}]]</Value>\n  <PlainText>true</PlainText>\n</AdministratorPassword>
windows.remote_desktop_password - full address:s:host\npassword 51:b:[[{H260}]]\n
redis.server_password - bind 0.0.0.0\nrequirepass [[{a24}]]\n
redis.server_password - requirepass [[{a24}]]\nappendonly yes\nport 6379\n
redis.server_password - masterauth "[[{a24}]]"\n
redis.acl_password - user alice on +@all ~* >[[{a24}]]\n
rclone.obscured_password - [nas]\ntype = sftp\nhost = nas.corp.net\nuser = ci\npass = [[{w43}]]\n
dbt.profile_password - shop:\n  outputs:\n    prod:\n      type: postgres\n      host: db.corp.net\n      user: dbt\n      pass: [[{a16}]]\n
terraform.cli_token - credentials "tfe.corp.net" {\n  token = "[[{a40}]]"\n}\n
cloudflare.oauth_token - oauth_token = "[[{w43}.{w43}]]"\nexpiration_time = "2026-01-01"\n
packagist.composer_token - {"bearer": {"packages.corp.net": "[[{a40}]]"}}
rubygems.bundle_credential - ---\nBUNDLE_GEMS__CORP__NET: "ci:[[{a24}]]"\n
maven.master_password - <settingsSecurity>\n  <master>[[{{b64}=}]]</master>\n</settingsSecurity>
jenkins.encrypted_secret - <password>[[{AQAAABAAAAAQ{b48}}]]</password>
ethereum.keystore - {"version":3,"crypto":{"ciphertext":"[[{h64}]]","cipherparams":{"iv":"{h32}"},"cipher":"aes-128-ctr","kdf":"scrypt"}}
filezilla.plain_password - <Server>\n  <Host>ftp.corp.net</Host>\n  <User>web</User>\n  <Pass>[[{a14}]]</Pass>\n</Server>
anaconda.channel_token - channels:\n  - https://conda.anaconda.org/t/[[ac-{U}]]/corp\n
session.cookie_file - .forge.corp.net\tTRUE\t/\tTRUE\t1790000000\tuser_session\t[[{w48}]]\n
smtp.msmtp_password - account corp\nhost smtp.corp.net\nuser bot\npassword [[{a16}]]\n
smtp.postfix_sasl_password - [smtp.corp.net]:587 bot@corp.net:[[{a16}]]\n
"""
