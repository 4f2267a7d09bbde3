@NullMarked
package io.plinth.dbproxy.client;

import org.jspecify.annotations.NullMarked;
