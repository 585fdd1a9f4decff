-- HAProxy checks the nodes as this user, which has no password and no rights.
CREATE USER haproxy@'%';
