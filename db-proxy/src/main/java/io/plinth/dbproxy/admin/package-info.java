/**
 * What the admin server shows of the proxy: {@code /pools} and {@code /servers}.
 */
@NullMarked
package io.plinth.dbproxy.admin;

import org.jspecify.annotations.NullMarked;
