@NullMarked
package io.plinth.dbproxy.session;

import org.jspecify.annotations.NullMarked;
