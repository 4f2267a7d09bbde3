@NullMarked
package io.plinth.kvcache.session.turn;

import org.jspecify.annotations.NullMarked;
