/**
 * SQL as PostgreSQL reads it: bytes -&gt; tokens.
 */
@NullMarked
package io.plinth.dbproxy.sql;

import org.jspecify.annotations.NullMarked;
