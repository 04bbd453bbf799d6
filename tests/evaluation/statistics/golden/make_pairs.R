# Two items compared by readers of their own mind: a logistic model with a random intercept, by Laplace.
library(lme4)
pairs <- read.csv("pairs.csv")
fit <- glmer(won ~ 1 + (1 | reader), pairs, binomial, nAGQ = 1,
             control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(rhoend = 1e-10)))
write.csv(data.frame(worth = fixef(fit)[[1]], se = sqrt(vcov(fit)[1, 1]), sd = attr(VarCorr(fit)$reader, "stddev")[[1]],
                     log_likelihood = as.numeric(logLik(fit))), "pairs_fit.csv", row.names = FALSE)
