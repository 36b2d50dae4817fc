/**
 * First process inside a sandbox, which becomes the parent of everything that runs there. A shell, because it takes 2 ms and
 * 1 MB where another Node would take 40 ms and 40 MB. Arguments: folder of the layers, program and arguments of the runtime.
 *
 * - stdin: `export` lines with the environment of the function, so that neither the set-up below nor `ps` sees it.
 * - fd 3: tells the host who exited, one line each: `runtime <status>`, `extension <status> <name>`.
 * - fd 4: what extensions write.
 *
 * It stays until it is killed or nothing is left. SIGTERM is passed on to the runtime, SIGUSR1 kills it.
 */
export const INIT_SCRIPT = `
variables=$(cat)
layers=$1
shift
unset OLDPWD
for extension in "$layers"/extensions/*; do
  [ -f "$extension" ] && [ -x "$extension" ] || continue
  (
    (
      eval "$variables"
      unset _HANDLER
      exec "$extension" </dev/null >&4 2>&4 3>&- 4>&-
    )
    echo "extension $? \${extension##*/}" >&3
  ) &
done
(
  eval "$variables"
  if [ -n "\${AWS_LAMBDA_EXEC_WRAPPER:-}" ]; then set -- "$AWS_LAMBDA_EXEC_WRAPPER" "$@"; fi
  exec "$@" </dev/null 2>&1 3>&- 4>&-
) &
runtime=$!
trap 'kill -TERM "$runtime" 2>/dev/null' TERM
trap 'kill -KILL "$runtime" 2>/dev/null' USR1
status=0
while kill -0 "$runtime" 2>/dev/null; do
  wait "$runtime"
  status=$?
done
echo "runtime $status" >&3
exec 1>&- 2>&-
wait
`;

/**
 * Makes the file system of a sandbox inside fresh namespaces, goes there and gives up all rights. What the host has is not
 * visible afterwards, but for the system's programs and libraries, read only. Arguments: mount point, fstab, file with
 * `mkdir`, `ln` and the like, open files, processes, `user` where user namespaces work and `none` otherwise; then the first
 * process with its arguments.
 */
export const ENTER_SCRIPT = `
set -eu
root=$1 fstab=$2 prepare=$3 files=$4 processes=$5 drop=$6
shift 6
mount -t tmpfs -o mode=0755,size=4m,nosuid,nodev sandbox "$root"
cd "$root"
. "$prepare"
mount --all --fstab "$fstab"
pivot_root . .host
cd /
umount -l /.host
rmdir /.host
mount -o remount,bind,ro,nosuid,nodev /
cd /var/task
set -- prlimit "--nofile=$files" --core=0 -- "$@"
if [ "$drop" = user ]; then
  # The limit of processes is the namespace's own: it counts nothing of the machine's.
  exec prlimit "--nproc=$processes" -- \
    unshare --user --map-user=993 --map-group=990 -- setpriv --no-new-privs "$@"
fi
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

/**
 * Kills the process groups it was told of when the host is gone, however it went, and removes what it left behind. The host's
 * end of the pipe closes by itself. Argument: a folder to remove, or ''. Lines of stdin:
 *
 * - `+ <group> <mark>`: a group, and what everything in it has in its environment. Work of plain processes may have left its
 *   group; `-` as the mark says that the kernel ends it all together.
 * - `- <group>`: the group is gone.
 * - `= 0`: the host closes in order and removes its folder itself.
 */
export const GUARD_SCRIPT = `
trap '' HUP INT TERM
folder=$1
groups=
while read -r sign group mark; do
  case $sign in
    +) groups="$groups $group,$mark" ;;
    -) kept=
       for one in $groups; do [ "\${one%%,*}" = "$group" ] || kept="$kept $one"; done
       groups=$kept ;;
    =) folder= ;;
  esac
done
for one in $groups; do kill -s KILL -- "-\${one%%,*}" 2>/dev/null; done
for one in $groups; do
  mark=\${one#*,}
  [ "$mark" = - ] && continue
  for left in $(grep -lsF -e "$mark" /proc/[0-9]*/environ); do
    left=\${left#/proc/}
    kill -s KILL "\${left%/environ}" 2>/dev/null
  done
done
[ -n "$folder" ] || exit 0
# What was killed may still be writing.
for pause in 0 0.1 1; do
  sleep "$pause"
  chmod -R u+rwx "$folder" 2>/dev/null
  rm -rf -- "$folder" 2>/dev/null && break
done
`;
