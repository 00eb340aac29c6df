#!/bin/bash
ip addr add 10.72.0.10/24 dev eth0
if [ -d /srv ]; then
	ls /srv
