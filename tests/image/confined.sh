#!/bin/sh
# Runs a command in an image as the chart's pod would: not as root, on a root that nothing can be written to but /tmp,
# and with no way to more rights. All mounts are this process' own (it is started by `unshare --mount`), so they
# are gone when it ends.
#
#   confined.sh STORAGE RUNROOT CONTAINER VOLUMES USER COMMAND...
#
# VOLUMES is a folder; each file `<name>.path` in it says where the file or folder `<name>` is mounted.
set -eu
storage="$1" runroot="$2" container="$3" volumes="$4" user="$5"
shift 5

root="$(buildah --root "$storage" --runroot "$runroot" mount "$container")"
mount -t tmpfs -o size=16m,mode=1777 tmpfs "$root/tmp"
for place in "$volumes"/*.path; do
  [ -e "$place" ] || continue
  # Seen from inside: a link such as /var/run must not lead out of the image.
  source="${place%.path}" target="$root$(chroot "$root" realpath -m "$(cat "$place")")"
  if [ -d "$source" ]; then mkdir -p "$target"; else mkdir -p "$(dirname "$target")" && touch "$target"; fi
  mount --bind "$source" "$target"
  mount -o remount,bind,ro "$target"
done
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"
