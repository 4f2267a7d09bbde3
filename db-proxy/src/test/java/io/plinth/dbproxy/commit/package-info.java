@NullMarked
package io.plinth.dbproxy.commit;

import org.jspecify.annotations.NullMarked;
