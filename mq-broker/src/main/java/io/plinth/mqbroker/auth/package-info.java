/**
 * Who may connect.
 */
@NullMarked
package io.plinth.mqbroker.auth;

import org.jspecify.annotations.NullMarked;
