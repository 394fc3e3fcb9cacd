"""One line a detector of what stands on command lines and in password managers, as in ``tables``."""

from __future__ import annotations

COMMANDS = r"""
command_line.openssl_password - openssl enc -aes-256-cbc -salt -in a.tar -out a.enc -k [[{a16}]]\n
command_line.openssl_password - openssl rsa -in key.pem -passin pass:[[{a14}]] -out plain.pem\n
command_line.openssl_password - openssl aes-256-cbc -d -in a.enc -pass "pass:[[{a14}]]"\n
command_line.windows_net - net use Z: \\\\files\\share /user:CORP\\svc [[{a14}]]\n
command_line.windows_net - net use \\\\files\\share [[{a14}]] /user:svc\n
command_line.windows_net - net user builder [[{a14}]] /add\n
command_line.windows_command - cmdkey /add:files /user:CORP\\svc /pass:[[{a14}]]\n
command_line.windows_command - schtasks /create /tn nightly /tr run.bat /ru svc /rp [[{a14}]]\n
command_line.windows_command - plink -ssh root@web.corp.net -pw [[{a14}]] uptime\n
command_line.windows_command - xfreerdp /u:admin /p:'[[{a14}]]' /v:host.corp.net\n
command_line.secure_string - $p = ConvertTo-SecureString "[[{a14}]]" -AsPlainText -Force\n
command_line.secure_string - ConvertTo-SecureString -String '[[{a14}]]' -AsPlainText -Force\n
command_line.smb_user - smbclient //files/share -U svc%[[{a14}]] -c ls\n
command_line.login_flag - mongosh -u admin -p [[{a14}]] --authenticationDatabase admin\n
command_line.login_flag - az login --service-principal -u $APP -p [[{a16}]] --tenant $TENANT\n
command_line.login_flag - cqlsh db.corp.net -u cassandra -p '[[{a14}]]'\n
command_line.capital_flag - mosquitto_pub -h broker.corp.net -u dev -P [[{a14}]] -t x -m y\n
command_line.capital_flag - zip -P [[{a14}]] out.zip report.csv\n
command_line.archive_password - 7z a -p[[{a14}]] out.7z report.csv\n
command_line.argument - htpasswd -b -c /etc/nginx/.htpasswd admin [[{a14}]]\n
command_line.argument - rabbitmqctl add_user svc [[{a14}]]\n
command_line.user_and_password - lftp -u web,[[{a14}]] ftp.corp.net\n
command_line.user_and_password - http -a ci:[[{a16}]] GET api.corp.net/v1\n
command_line.oracle_logon - sqlplus -s app/[[{a12}]]@orcl @run.sql\n
command_line.piped_password - echo "[[{a14}]]" | docker login -u ci --password-stdin registry.corp.net\n
command_line.piped_password - echo [[{a14}]] | sudo -S apt-get update\n
command_line.chpasswd - echo 'root:[[{a14}]]' | chpasswd\n
command_line.expected_prompt - expect "assword:"\nsend "[[{a14}]]\r"\n
http.curl_user - curl -sSf -u"ci:[[{a16}]]" https://api.corp.net/v1/x\n
database.sql_role_password - ALTER USER svc WITH PASSWORD '[[{a14}]]';\n
database.sql_role_password - CREATE ROLE app LOGIN ENCRYPTED PASSWORD '[[{a14}]]';\n
openvpn.inline_password - <auth-user-pass>\nannabel\n[[{a14}]]\n</auth-user-pass>\n
unix_password.nt_hash - Administrator:500:aad3b435b51404eeaad3b435b51404ee:[[{h32}]]:::\n
ipsec.pre_shared_key - 198.51.100.7 %any : PSK "[[{a24}]]"\n
fernet.key - cipher = Fernet(b"[[{w43}=]]")\n
fernet.key - AIRFLOW__CORE__FERNET_KEY=[[{w43}=]]\n
fernet.key - key = b"[[{w43}=]]"\nbox = Fernet(key)\n
keepass.key_file - <KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>[[{b43}=]]</Data></Key></KeyFile>\n
private_key.hexadecimal WALLET_PRIVATE_KEY {h64}
private_key.hexadecimal - const privateKey = "[[0x{h64}]]"\n
ethereum.private_key - const wallet = new ethers.Wallet("[[0x{h64}]]", provider)\n
ethereum.private_key - cast send --private-key [[0x{h64}]] 0x0\n
bitcoin.private_key BITCOIN_PRIVATE_KEY {h64}
tron.private_key TRON_PRIVATE_KEY {h64}
aptos.private_key APTOS_PRIVATE_KEY 0x{h64}
starknet.private_key STARKNET_ACCOUNT_PRIVATE_KEY 0x{h63}
cosmos.private_key COSMOS_PRIVATE_KEY {h64}
nostr.private_key_hex NOSTR_PRIVATE_KEY {h64}
kubernetes.secret_data_sorted - apiVersion: v1\ndata:\n  password: [[{b22}]]\nkind: Secret\nmetadata:\n  name: x\n
jwt.signing_key_setting - {"Jwt": {"Issuer": "corp", "Key": "[[{a40}]]"}}\n
database.go_data_source - sql.Open("mysql", "app:[[{a14}]]@tcp(db.corp.net:3306)/shop")\n
http.credentials_in_call - req.SetBasicAuth("ci", "[[{a16}]]")\n
http.credentials_in_call - var c = new NetworkCredential("svc", "[[{a14}]]");\n
http.credentials_in_call - server.login('bot@corp.net', '[[{a16}]]')\n
http.server_header - proxy_set_header X-Api-Key "[[{a32}]]";\n
haproxy.user_password - userlist u\n  user admin insecure-password [[{a14}]]\n
haproxy.user_password - listen stats\n  stats auth admin:[[{a14}]]\n
database.password_in_call - my $dbh = DBI->connect('dbi:mysql:app', 'root', '[[{a14}]]');\n
database.password_in_call - db.auth("admin", "[[{a14}]]")\n
drupal.hash_salt - $settings['hash_salt'] = '[[{w74}]]';\n
"""
