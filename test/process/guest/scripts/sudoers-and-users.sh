#!/bin/bash
set -e
user=app
if ! id "$user-surely-not" >/dev/null 2>&1; then
	echo "would add $user"
fi
install -d -m 0750 home/$user/.ssh
printf '%s\n' 'ssh-ed25519 AAAA one' 'ssh-ed25519 BBBB two' >home/$user/.ssh/authorized_keys
chmod 600 home/$user/.ssh/authorized_keys
echo "$user ALL=(ALL) NOPASSWD:ALL" >sudoers
(umask 077; echo secret >home/$user/secret)
