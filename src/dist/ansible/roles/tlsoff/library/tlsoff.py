#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Ansible's face of tlsoff: what changes, and whether, tlsoff itself says."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: tlsoff
short_description: Turn STARTTLS off for chosen hosts in sendmail, and back on
description:
  - Runs C(tlsoff) on the managed machine.  All hosts of one task are one
    change of the access file, one build of the map and one restart.
  - Nothing is changed, built or restarted where all is as asked already.
options:
  role:
    description:
      - C(client) where we connect to the hosts, C(server) where they connect
        to us.
    type: str
    required: true
    choices: [client, server]
  hosts:
    description: Host names, domains, addresses or nets.
    type: list
    elements: str
    required: true
  state:
    description: C(present) turns TLS off for them, C(absent) back on.
    type: str
    default: present
    choices: [present, absent]
  comment:
    description: A reason, kept with a new entry.
    type: str
  until:
    description:
      - The day a new entry expires, such as 2026-12-31.  Days from today are
        refused, for they would mean another day at each run.
    type: str
  config:
    description: sendmail.cf.
    type: path
  access:
    description: The access file, where it is not the one of sendmail.cf.
    type: path
  map:
    description: The access map, as C(hash:/etc/mail/access).
    type: str
  builder:
    description: What builds the map.
    type: str
  restart:
    description: What happens to sendmail after a change.
    type: str
    choices: [restart, reload, none]
  restart_command:
    description: Run this instead of the service found on the machine.
    type: str
  lock_wait:
    description: Seconds to wait for another tlsoff.
    type: int
  exact:
    description: Add an entry although a broader one covers the host.
    type: bool
    default: false
  force:
    description:
      - Do it although it covers a whole top-level domain or everybody, or
        although a TLS requirement will make mail bounce.
    type: bool
    default: false
  executable:
    description: The program.
    type: str
    default: tlsoff
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
'''

EXAMPLES = r'''
- name: Send to luna in the clear until its TLS is mended
  tlsoff:
    role: client
    hosts: [luna.bagoona.com]
    comment: handshake fails since November
    until: "2026-12-31"

- name: Offer STARTTLS to cheddar again
  tlsoff:
    role: server
    hosts: [outbound.cheddar.com]
    state: absent
'''

RETURN = r'''
changes:
  description: What became of each key.
  returned: success
  type: list
map:
  description: The map, by what it was built, and whether it is proven.
  returned: success
  type: dict
service:
  description: What happened to sendmail.
  returned: success
  type: dict
'''

import json
import re

from ansible.module_utils.basic import AnsibleModule

OPTIONS = ('comment', 'until', 'config', 'access', 'map', 'builder',
           'restart', 'lock_wait')


def arguments(module):
    """The command line, but for the options that say how it is run."""
    params = module.params
    absent = params['state'] == 'absent'
    words = []
    for name in OPTIONS:
        if params[name] is None or (absent and name in ('comment', 'until')):
            continue
        words += ['--' + name.replace('_', '-'), str(params[name])]
    if params['restart_command'] is not None:
        words += ['--restart-command', params['restart_command']]
    if params['force'] and not absent:
        words.append('--force')
    if params['exact'] and not absent:
        words.append('--exact')
    if absent:
        words.append('remove')
    return words + [params['role'], '--'] + params['hosts']


def run(module, *how):
    """Its JSON; ends the task where it failed."""
    command = [module.get_bin_path(module.params['executable'], True), '-j']
    command += list(how) + arguments(module)
    status, out, err = module.run_command(command)
    said = [line for line in err.splitlines() if line]
    try:
        result = json.loads(out)
    except ValueError:
        result = None
    if status != 0 or result is None:
        text = said[-1] if said else 'exit status %d, and no word' % status
        module.fail_json(msg=text, rc=status, stderr_lines=said, cmd=command)
    for warning in result['warnings']:
        module.warn(warning)
    return result


def main():
    module = AnsibleModule(
        argument_spec=dict(
            role=dict(type='str', required=True,
                      choices=['client', 'server']),
            hosts=dict(type='list', elements='str', required=True),
            state=dict(type='str', default='present',
                       choices=['present', 'absent']),
            comment=dict(type='str'),
            until=dict(type='str'),
            config=dict(type='path'),
            access=dict(type='path'),
            map=dict(type='str'),
            builder=dict(type='str'),
            restart=dict(type='str', choices=['restart', 'reload', 'none']),
            restart_command=dict(type='str'),
            lock_wait=dict(type='int'),
            exact=dict(type='bool', default=False),
            force=dict(type='bool', default=False),
            executable=dict(type='str', default='tlsoff'),
        ),
        supports_check_mode=True,
    )
    until = module.params['until']
    if until is not None and not re.match(r'\d{4}-\d\d-\d\d\Z', until):
        module.fail_json(msg='until: "%s" is no date; write one such as '
                             '2026-12-31' % until)
    if not module.params['hosts']:
        module.exit_json(changed=False, changes=[])
    diff = None
    if module.check_mode or module._diff:
        result = run(module, '--dry-run')
        diff = {'prepared': result.pop('diff') or ''}
    if not module.check_mode:
        result = run(module)
    if module._diff:
        result['diff'] = diff
    module.exit_json(**result)


if __name__ == '__main__':
    main()
