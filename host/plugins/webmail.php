<?php
// Written by Mailstack.

/** Tells Dovecot who is at the other end, and lets nobody log in past the limits of nginx. */
class mailstack extends rcube_plugin
{
    public function init()
    {
        $this->add_hook('authenticate', [$this, 'authenticate']);
        $this->add_hook('storage_connect', [$this, 'connect']);
    }

    /**
     * nginx knows a login by the first `_task` of the query, as it stands there. Roundcube takes the last one, decoded, or
     * one from the body: what nginx did not know as a login is none.
     */
    public function authenticate($login)
    {
        if (($_SERVER['MAILSTACK_REQUEST'] ?? '') !== 'POST login') {
            $login['abort'] = true;
        }
        return $login;
    }

    /** Its own address is one of IPv4; the name, under which Roundcube keeps its users, leads to IPv6 too. */
    public function connect($connection)
    {
        $connection['host'] = '127.0.0.1';
        $connection['preauth_ident'] = ['x-originating-ip' => $_SERVER['REMOTE_ADDR'] ?? '127.0.0.1'];
        return $connection;
    }
}
