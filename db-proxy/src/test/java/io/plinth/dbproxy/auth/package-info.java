@NullMarked
package io.plinth.dbproxy.auth;

import org.jspecify.annotations.NullMarked;
