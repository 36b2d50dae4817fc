import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { platform } from 'node:process';

/**
 * Whether the other end of a connection from this machine belongs to one of some processes. All sandboxes share the loopback, so
 * that without asking, one could take the invocations of another. True where the kernel does not tell (no /proc, or the
 * descriptors of a process cannot be read). About 1 ms: ask once per connection.
 */
export function isOwnedBy(socket: Socket, processes: readonly number[]): boolean {
  if (platform !== 'linux') return true;
  const inode = inodeOf(socket);
  if (inode === undefined) return !canRead('/proc/net/tcp');
  const name = `socket:[${inode}]`;
  // The newest process is the likeliest.
  return processes.toReversed().some((process) => holds(process, name));
}

function inodeOf(socket: Socket): string | undefined {
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return undefined;
  // Seen from the other end, its port is the local one.
  const ports = new RegExp(
    `^ *\\d+: [0-9A-F]+:${hex(remotePort)} [0-9A-F]+:${hex(localPort)} (?:\\S+ +){6}(\\d+)`,
    'm',
  );
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const inode = ports.exec(read(table))?.[1];
    if (inode !== undefined) return inode;
  }
  return undefined;
}

function holds(process: number, name: string): boolean {
  const folder = `/proc/${process}/fd`;
  try {
    return readdirSync(folder).some((descriptor) => linkOf(`${folder}/${descriptor}`) === name);
  } catch (error) {
    // A process that is gone has no connections; one that is kept from us might have this one.
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function canRead(path: string): boolean {
  return read(path) !== '';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
