#!/bin/sh
# Puts the server and nothing but what it is linked with into a folder, and beside it the folders that it writes to:
# the whole of its container.
set -eu
program=$1
root=$2/root
install -D "$program" "$root/usr/bin/exchange-server"
for library in $(ldd "$program" | grep -o '/[^ ]*'); do
    install -D "$library" "$root$library"
done
install -d -m 0700 "$2/folders/data" "$2/folders/keys" "$2/folders/tmp"
